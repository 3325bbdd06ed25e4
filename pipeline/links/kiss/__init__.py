"""A KISS TNC as a link: UI frames of AX.25 by direwolf or a hardware TNC (extra ``kiss`` for serial ports)."""
