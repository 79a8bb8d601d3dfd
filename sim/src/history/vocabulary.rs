//! What words mean to a model.

use std::fmt;

use steadfast::Label;

use super::log::History;
use super::value::Value;

/// What an invocation says.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// Who.
    pub process: &'a Label,
    /// The operation.
    pub op: &'a str,
    /// The object, if it is named.
    pub key: Option<&'a Label>,
    /// The argument.
    pub value: &'a Value,
}

/// How the operations of a model are written in histories.
pub trait Vocabulary {
    /// What can be asked. Its `Display` is what people are shown.
    type Call: Clone + Ord + fmt::Display;
    /// What can be answered.
    type Answer: Clone + fmt::Display;

    /// The operation that a call is, as it is written.
    fn op(&self, call: &Self::Call) -> &str;

    /// Reads an invocation.
    ///
    /// # Errors
    ///
    /// If it means nothing; the text says why and names the input.
    fn call(&self, said: Said<'_>) -> Result<Self::Call, String>;

    /// Reads the value of a completion that is ok.
    ///
    /// # Errors
    ///
    /// If it is no answer to that call; the text says why and names the input.
    fn answer(&self, call: &Self::Call, value: &Value) -> Result<Self::Answer, String>;
}

/// A history in the words of a model.
pub type HistoryOf<V> = History<<V as Vocabulary>::Call, <V as Vocabulary>::Answer>;
