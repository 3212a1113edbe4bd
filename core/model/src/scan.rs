//! Reads foreign updates before yrs does.
