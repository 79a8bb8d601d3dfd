//! Capsules that are sound, broken, foreign and in the way.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use steadfast::runtime::NodeId;

use super::{Capsule, CapsuleError, CapsuleFolder, CapsuleWriteError};
use crate::build::Build;
use crate::fault::{Episode, Fault, Start, Target};
use crate::keyed::Key;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::run_report::{Run, RunReport};
use crate::trace::Digest;

fn build() -> Build {
    Build {
        version: "0.1.0".to_owned(),
        target: "x86_64-linux".to_owned(),
        profile: "debug".to_owned(),
        executable: Digest(7),
    }
}

fn plan(seed: u64) -> Plan {
    let mut plan = Plan::new("storm", seed, 3);
    plan.episodes.push(Episode {
        fault: Fault::Drop {
            probability: Key::new(seed, "probability").unit(),
        },
        target: Target::Node(NodeId(2)),
        start: Start::At(Duration::from_millis(seed)),
        duration: None,
    });
    plan
}

fn capsule(seed: u64, digest: u128) -> Capsule {
    let run = Run {
        report: RunReport {
            digest: Digest(digest),
            records: 300,
            ..RunReport::lost(Outcome::Passed)
        },
        trace: Vec::new(),
        prefix_digests: vec![Digest(digest + 1)],
    };
    Capsule::new(build(), plan(seed), &run)
}

fn written(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("capsule.json");
    fs::write(&path, text).unwrap();
    path
}

/// The error of a capsule that is sound but for one change.
fn error_of(change: impl FnOnce(&mut Value)) -> CapsuleError {
    let folder = tempfile::tempdir().unwrap();
    let mut value = serde_json::to_value(capsule(17, 5)).unwrap();
    change(&mut value);
    let path = written(folder.path(), &value.to_string());
    let error = Capsule::read(&path, Some(&build())).unwrap_err();
    assert!(error.to_string().contains("capsule.json"), "{error}");
    error
}

#[test]
fn a_capsule_is_read_as_it_was_written() {
    let root = tempfile::tempdir().unwrap();
    let folder = CapsuleFolder::open(root.path()).unwrap();
    // Every probability must come back to the last bit, or the run would be another.
    for seed in 0..500 {
        let capsule = capsule(seed, 5);
        let path = folder.write(&capsule).unwrap();
        assert_eq!(Capsule::read(&path, Some(&build())).unwrap(), capsule);
    }
}

#[test]
fn broken_json_names_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = capsule(17, 5).to_text();
    let path = written(folder.path(), &text[..text.len() / 2]);
    let error = Capsule::read(&path, None).unwrap_err();
    assert!(
        matches!(error, CapsuleError::Syntax { line: 2.., .. }),
        "{error:?}"
    );
    for bytes in ["", "\u{0}", "[1,", "nonsense"] {
        let path = written(folder.path(), bytes);
        let error = Capsule::read(&path, None).unwrap_err();
        assert!(matches!(error, CapsuleError::Syntax { .. }), "{error:?}");
    }
}

#[test]
fn a_wrong_field_is_named_with_its_path() {
    let field_of = |error: CapsuleError| {
        let CapsuleError::Field { field, reason, .. } = error else {
            panic!("{error:?}");
        };
        (field, reason)
    };
    let (field, reason) = field_of(error_of(|value| {
        value["plan"]["episodes"][0]["fault"] = json!("gremlins");
    }));
    assert_eq!(field, "plan.episodes[0].fault");
    assert!(reason.contains("gremlins"), "{reason}");
    let (field, reason) = field_of(error_of(|value| {
        value["plan"].as_object_mut().unwrap().remove("seed");
    }));
    assert_eq!(field, "plan");
    assert!(reason.contains("`seed`"), "{reason}");
    let (field, _) = field_of(error_of(|value| value["digest"] = json!("12")));
    assert_eq!(field, "digest");
    let (_, reason) = field_of(error_of(|value| value["digst"] = json!(1)));
    assert!(reason.contains("digst"), "{reason}");
    let (field, reason) = field_of(error_of(|value| *value = json!({"a": 1})));
    assert_eq!(field, "format_version");
    assert!(reason.contains("missing"), "{reason}");
    let (field, _) = field_of(error_of(|value| *value = json!(17)));
    assert_eq!(field, "format_version");
}

#[test]
fn another_layout_is_told_before_anything_else() {
    for version in [json!(2), json!("1"), json!(-1)] {
        let error = error_of(|value| *value = json!({ "format_version": version }));
        assert!(matches!(error, CapsuleError::Format { .. }), "{error:?}");
    }
}

#[test]
fn a_capsule_of_another_build_is_refused_unless_any_build_will_do() {
    let error = error_of(|value| {
        value["build"]["executable"] = json!("0".repeat(32));
        // The vocabulary of another build may differ; the build is what matters.
        value["plan"] = json!("unknown");
    });
    let told = matches!(
        error,
        CapsuleError::OtherBuild {
            field: "executable",
            ..
        }
    );
    assert!(told, "{error:?}");
    assert!(error.remedy().contains("--any-build"));

    let folder = tempfile::tempdir().unwrap();
    let mut foreign = capsule(17, 5);
    foreign.build.version = "0.0.9".to_owned();
    let path = written(folder.path(), &foreign.to_text());
    assert!(Capsule::read(&path, Some(&build())).is_err());
    assert_eq!(Capsule::read(&path, None).unwrap(), foreign);
}

#[test]
fn a_plan_that_cannot_be_run_is_refused() {
    let error = error_of(|value| value["plan"]["topology"]["nodes"] = json!(0));
    assert!(matches!(error, CapsuleError::Plan { .. }), "{error:?}");
}

#[test]
fn a_missing_file_is_told() {
    let error = Capsule::read(Path::new("no/such/capsule.json"), None).unwrap_err();
    assert!(matches!(error, CapsuleError::Read { .. }), "{error:?}");
}

#[test]
fn another_capsule_is_never_overwritten() {
    let root = tempfile::tempdir().unwrap();
    let folder = CapsuleFolder::open(root.path()).unwrap();
    let first = folder.write(&capsule(17, 5)).unwrap();
    assert_eq!(folder.write(&capsule(17, 5)).unwrap(), first);
    let second = folder.write(&capsule(17, 6)).unwrap();
    assert_eq!(first.file_name().unwrap(), "storm-17.json");
    assert_eq!(second.file_name().unwrap(), "storm-17-2.json");
    assert_eq!(folder.write(&capsule(17, 6)).unwrap(), second);
    assert_eq!(Capsule::read(&first, None).unwrap(), capsule(17, 5));
}

#[test]
fn a_folder_with_too_many_of_a_name_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let folder = CapsuleFolder::open(root.path()).unwrap();
    for digest in 0..Capsule::SAME_NAME_MAX as u128 {
        folder.write(&capsule(17, digest)).unwrap();
    }
    let error = folder.write(&capsule(17, 1_000)).unwrap_err();
    assert!(
        matches!(error, CapsuleWriteError::Taken { .. }),
        "{error:?}"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_told_and_an_empty_one_is_taken_back() {
    let root = tempfile::tempdir().unwrap();
    let file = written(root.path(), "in the way");
    let error = CapsuleFolder::open(file.join("capsules")).unwrap_err();
    assert!(
        matches!(error, CapsuleWriteError::Folder { .. }),
        "{error:?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "in the way");

    let path = root.path().join("capsules");
    drop(CapsuleFolder::open(&path).unwrap());
    assert!(!path.exists());
    let folder = CapsuleFolder::open(&path).unwrap();
    folder.write(&capsule(17, 5)).unwrap();
    drop(folder);
    assert!(path.join("storm-17.json").exists());
}
