//! The rules of the repository as a test, so that CI knows no check that
//! `cargo test` does not.

use std::fs;
use std::path::{Path, PathBuf};

/// The longest source file, in lines.
const LINES_MAX: usize = 500;

struct Source {
    /// Path from the root of the repository, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("tests.rs")
    }

    fn is_in(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Lines of code with their numbers, without comment lines.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .parent()
        .expect("the package lies in the workspace")
        .to_path_buf()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a folder of the repository can be read")
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files);
        } else {
            files.push(entry);
        }
    }
}

fn sources() -> Vec<Source> {
    let root = root();
    let mut files = Vec::new();
    for folder in ["core", "sim", "scenarios", "tests"] {
        collect(&root.join(folder), &mut files);
    }
    let rust = files
        .into_iter()
        .filter(|file| file.extension().is_some_and(|e| e == "rs"));
    rust.map(|file| Source {
        path: file
            .strip_prefix(&root)
            .expect("the file lies in the repository")
            .to_string_lossy()
            .replace('\\', "/"),
        text: fs::read_to_string(&file).expect("a source file is text"),
    })
    .collect()
}

fn check(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn every_source_file_opens_with_what_it_is() {
    let bare = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"));
    let complaints: Vec<_> = bare
        .map(|source| format!("{}: open the file with a `//!` line", source.path))
        .collect();
    check(&complaints);
}

#[test]
fn no_source_file_holds_two_concepts() {
    let complaints: Vec<_> = sources()
        .iter()
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(source, lines)| {
            format!(
                "{}: {lines} lines, at most {LINES_MAX}; split it by concept",
                source.path
            )
        })
        .collect();
    check(&complaints);
}

#[test]
fn no_file_name_says_nothing() {
    let empty = [
        "utils", "util", "helpers", "helper", "common", "types", "misc", "imp", "manager",
    ];
    let complaints: Vec<_> = sources()
        .iter()
        .filter(|source| {
            let stem = Path::new(&source.path)
                .file_stem()
                .expect("a file has a name");
            empty.iter().any(|word| stem == *word)
        })
        .map(|source| format!("{}: name the file by its concept", source.path))
        .collect();
    check(&complaints);
}

/// A pattern, where it is banned, where it is allowed all the same, and why.
struct Ban {
    pattern: &'static str,
    folders: &'static [&'static str],
    except: &'static [&'static str],
    reason: &'static str,
}

const EVERYWHERE: &[&str] = &["core", "sim", "scenarios", "tests"];

/// This file names what it bans.
const SELF: &str = "tests/suite/tidy.rs";

const BANS: &[Ban] = &[
    Ban {
        pattern: "cfg(madsim)",
        folders: &["core"],
        except: &[],
        reason: "core is the same bytes in both worlds",
    },
    Ban {
        pattern: "madsim",
        folders: &["core"],
        except: &[],
        reason: "core knows nothing of the simulator",
    },
    Ban {
        pattern: "steadfast_sim",
        folders: &["core"],
        except: &[],
        reason: "core knows nothing of the simulator",
    },
    Ban {
        pattern: "steadfast_scenarios",
        folders: &["core", "sim"],
        except: &[],
        reason: "the simulator knows nothing of the catalogue",
    },
    Ban {
        pattern: "tokio",
        folders: &["core/src"],
        except: &["core/src/runtime/tokio", "core/src/runtime/mod.rs"],
        reason: "only the tokio adapter touches the operating system",
    },
    Ban {
        pattern: "unsafe ",
        folders: EVERYWHERE,
        except: &["sim/src/isolation/child.rs", SELF],
        reason: "only the isolation of a run needs unsafe code, to fork",
    },
    Ban {
        pattern: "#[ignore",
        folders: EVERYWHERE,
        except: &[SELF],
        reason: "a test that does not run tests nothing",
    },
    Ban {
        pattern: "#[should_panic",
        folders: EVERYWHERE,
        except: &[SELF],
        reason: "assert the error instead",
    },
    Ban {
        pattern: "todo!(",
        folders: EVERYWHERE,
        except: &[SELF],
        reason: "finish it",
    },
    Ban {
        pattern: "unimplemented!(",
        folders: EVERYWHERE,
        except: &[SELF],
        reason: "finish it",
    },
    Ban {
        pattern: "let _ = ",
        folders: &["core/src", "sim/src", "scenarios/src"],
        except: &[],
        reason: "settle the result on purpose",
    },
    Ban {
        pattern: "thread_local!",
        folders: &["core/src"],
        // Says whose future is being polled, for the length of a poll.
        except: &["core/src/store/raft/ambient.rs"],
        reason: "core has no global state",
    },
    Ban {
        pattern: "static mut",
        folders: EVERYWHERE,
        except: &[SELF],
        reason: "no global state",
    },
];

#[test]
fn banned_words_stay_out() {
    let sources = sources();
    let mut complaints = Vec::new();
    for ban in BANS {
        for source in &sources {
            let banned = ban.folders.iter().any(|folder| source.is_in(folder));
            let excused = ban.except.iter().any(|except| source.is_in(except));
            // Unit tests of core may run it on the production adapter.
            if !banned || excused || (ban.pattern == "tokio" && source.is_test()) {
                continue;
            }
            for (line, code) in source.code() {
                if code.contains(ban.pattern) {
                    complaints.push(format!(
                        "{}:{line}: `{}`: {}",
                        source.path, ban.pattern, ban.reason
                    ));
                }
            }
        }
    }
    check(&complaints);
}

#[test]
fn the_tokio_adapter_is_the_only_file_with_the_feature() {
    let gate = "cfg(feature = \"tokio\")";
    let complaints: Vec<_> = sources()
        .iter()
        .filter(|source| source.is_in("core/src") && !source.is_test())
        .filter(|source| source.path != "core/src/runtime/mod.rs")
        .filter(|source| source.text.contains(gate))
        .map(|source| {
            format!(
                "{}: the feature gates one module, in runtime/mod.rs",
                source.path
            )
        })
        .collect();
    check(&complaints);
}

#[test]
fn checkers_share_no_code_with_the_core() {
    // Checkers may read the vocabulary of facts and identities, nothing that decides.
    let allowed = [
        "steadfast::coordination",
        "steadfast::event",
        "steadfast::failure",
        "steadfast::membership::Member",
        "steadfast::process",
        "steadfast::registry",
        "steadfast::runtime",
        "steadfast::store",
        "steadfast::supervision",
        "steadfast::Label",
    ];
    let deciding = [
        "Backoff",
        "RestartLimit",
        "Supervisor",
        "SupervisorSpec",
        "ChildSpec",
        "Registry",
        "Backend",
        "Query",
        "Coordinator",
        "Mutex",
        "Share",
        "Store",
    ];
    let mut complaints = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| source.is_in("sim/src/check/"))
    {
        for (line, code) in source.code() {
            let imports = code.trim_start().starts_with("use steadfast::");
            let foreign = imports && !allowed.iter().any(|path| code.contains(path));
            let mut words = code.split(|c: char| !c.is_alphanumeric());
            let decides = imports && words.any(|word| deciding.contains(&word));
            if foreign || decides {
                complaints.push(format!(
                    "{}:{line}: restate it instead: {code}",
                    source.path
                ));
            }
        }
    }
    check(&complaints);
}

#[test]
fn the_architecture_page_names_every_module() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page is there");
    let mut complaints = Vec::new();
    for source in sources() {
        let mut parts = source.path.splitn(4, '/');
        let (Some(package), Some("src"), Some(entry)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let module = entry.trim_end_matches(".rs");
        let named = [format!("`{module}`"), format!("`{package}/src/{module}")];
        if !["lib", "main"].contains(&module) && !named.iter().any(|name| page.contains(name)) {
            complaints.push(format!(
                "{}: ARCHITECTURE.md does not name `{module}`",
                source.path
            ));
        }
    }
    complaints.dedup();
    check(&complaints);
}

#[test]
fn the_documents_hold_no_path_of_a_machine() {
    let root = root();
    let mut complaints = Vec::new();
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "justfile",
    ] {
        let text = fs::read_to_string(root.join(name)).expect("the document is there");
        for (index, line) in text.lines().enumerate() {
            if ["/home/", "/root/", "/Users/", "C:\\"]
                .iter()
                .any(|path| line.contains(path))
            {
                complaints.push(format!("{name}:{}: {line}", index + 1));
            }
        }
    }
    check(&complaints);
}
