//! Durations in configuration files: whole milliseconds.

use std::time::Duration;

use serde::de::Deserialize as _;
use serde::ser::Error as _;
use serde::{Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let milliseconds = u64::try_from(duration.as_millis()).ok();
    match milliseconds.filter(|whole| Duration::from_millis(*whole) == *duration) {
        Some(milliseconds) => serializer.serialize_u64(milliseconds),
        None => Err(S::Error::custom(format_args!(
            "{duration:?} is no whole number of milliseconds"
        ))),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Wait(#[serde(with = "super")] Duration);

    #[test]
    fn what_a_file_cannot_say_is_refused_and_not_rounded() {
        let wait = serde_json::to_string(&Wait(Duration::from_secs(2))).unwrap();
        assert_eq!(wait, "2000");
        let read: Wait = serde_json::from_str(&wait).unwrap();
        assert_eq!(read.0, Duration::from_secs(2));
        let odd = serde_json::to_string(&Wait(Duration::from_micros(1_500)));
        assert!(odd.is_err_and(|error| error.to_string().contains("1.5ms")));
    }
}
