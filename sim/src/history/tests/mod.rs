//! Claims about files of histories.

mod formats;
mod hostile;
mod staging;
