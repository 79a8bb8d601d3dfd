# Every check that CI knows, under one name each. `just` alone lists them.
_list:
    @just --list

# Formatting, lints and documentation, warnings denied.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings --cfg madsim" cargo doc --workspace --no-deps

# The test command of the README.
test:
    cargo test --workspace

# The store over a real etcd, which must be installed. Builds what only the feature needs.
etcd:
    cargo test -p steadfast --features etcd --lib store::etcd
    STEADFAST_REQUIRE_ETCD=1 cargo test -p steadfast --features etcd --test etcd

# Every scenario over a few seeds: the main job.
sim *args:
    cargo run --release -- run {{args}}

# Every scenario over many seeds, on all cores, with capsules of what fails.
sweep seeds="0..2000" *args:
    cargo run --release -- run --seeds {{seeds}} --out capsules {{args}}

# Run one seed or one capsule again and compare digests.
replay *args:
    cargo run --release -- replay {{args}}

# Look through changed snapshots (needs cargo-insta).
review:
    cargo insta review --workspace

# Benchmarks against the peers, in one run: the simulator, the registry, the store.
bench *args:
    cargo bench -p steadfast-tests {{args}}

# Licences, sources and duplicate versions of dependencies (needs cargo-deny).
deny:
    cargo deny check licenses bans sources

# What must hold before a change is handed over.
ready: check test
    cargo run --release -- run --seeds 0..50
