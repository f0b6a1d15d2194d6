"""The simulated lab: Windows machines that answer WinRM and PSRP on loopback. A second opinion, not a mirror."""
