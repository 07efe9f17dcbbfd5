//! What would change a program's meaning if its work moved to another vehicle.
