//! Claims about a backend that is replaced while it is read.

use std::cell::Cell;
use std::sync::Arc;

use super::stage::{both, done, process, wanted};
use crate::registry::facade::Charge;
use crate::registry::{Backend, LocalOptions};

#[test]
fn who_reads_the_first_backend_while_it_is_replaced_reads_the_next() {
    let backends = both(&LocalOptions::new()).into_iter();
    let backends = backends.map(|(_, backend)| Arc::new(backend) as Arc<dyn Backend>);
    let backends: Vec<_> = backends.collect();
    for backend in &backends {
        done(backend.register(wanted("a", 1))).unwrap();
    }
    let [first, next] = &*backends else {
        panic!("there are two");
    };
    let charge = Charge::new(first.clone());
    let asked = Cell::new(0);
    let found = charge.read(|backend| {
        asked.set(asked.get() + 1);
        if asked.get() == 1 {
            charge.pass_to(next.clone());
        }
        backend.whereis("s", "a")
    });
    assert_eq!((found, asked.get()), (Ok(Some(process(1))), 2));
    // What was replaced is let go of, though its handle is kept.
    assert_eq!((first.stats().entries(), first.scopes()), (0, Vec::new()));
    assert_eq!(charge.with(|backend| backend.kind()), next.kind());
}
