//! Where records and metadata live, and in which order.
