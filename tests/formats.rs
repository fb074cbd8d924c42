//! Reports for other programs, held against the schemas that these programs publish.
