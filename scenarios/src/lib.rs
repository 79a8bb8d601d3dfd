//! The catalogue of scenarios and the specimens that the harness must catch.
