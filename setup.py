"""Lists the packages, so that no new subpackage is forgotten in the wheel; the rest is data."""

from setuptools import find_namespace_packages, find_packages, setup

caches = ["__pycache__", "*.__pycache__"]
setup(
    packages=[
        *find_packages(include=["efficiency_monitor", "efficiency_monitor.*"]),
        "efficiency_monitor.cli",
        *(f"efficiency_monitor.cli.{name}" for name in find_packages("cli")),
        "efficiency_monitor.demo",
        "efficiency_monitor.demo.synthetic",
        "efficiency_monitor.catalogue.data",
        # Folders of data; setuptools takes them for packages and would warn of each.
        *(
            f"efficiency_monitor.catalogue.data.{name}"
            for name in find_namespace_packages("rules", exclude=caches)
        ),
    ]
)
