"""catseye: road-safety facts from ordinary cameras. It shows the danger ahead and watches nobody."""

__version__ = "0.1.0"
