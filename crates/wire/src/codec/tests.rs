//! Tests of reader, writer and frames.
