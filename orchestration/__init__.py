"""When things happen and in what order. Imports every room; contains no rule of the trade."""
