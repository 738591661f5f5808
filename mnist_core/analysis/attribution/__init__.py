"""Which pixels an answer hangs on."""
