"""What people do about a card: answers, orders, appeals, lifts, manual cards, alarms."""
