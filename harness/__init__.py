"""Drive real Hyper-V hosts over WinRM and PSRP to set up, prove and watch Automatic Virtual Machine Activation."""

__all__ = ["__version__"]

__version__ = "0.1.0"
