//! Hears what a run says under its breath: panics of background tasks, and warnings.

use std::{cell::RefCell, fmt::Write as _, panic, sync::Once};

use tracing::{Event, Level, Subscriber, field::Visit, subscriber::DefaultGuard};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    registry,
};

thread_local! {
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Listens on this thread until it is dropped. Simulations run on one thread each.
pub(super) struct Alarm {
    _guard: DefaultGuard,
}

impl Alarm {
    pub(super) fn set() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                HEARD.with_borrow_mut(|heard| heard.push(format!("panic: {info}")));
                before(info);
            }));
        });
        HEARD.with_borrow_mut(Vec::clear);
        let subscriber = registry().with(Warnings);
        Self { _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// What was heard so far.
    pub(super) fn heard(&self) -> Vec<String> {
        HEARD.with_borrow(Vec::clone)
    }
}

struct Warnings;

impl<S: Subscriber> Layer<S> for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>, _: Context<'_, S>) -> bool {
        *metadata.level() <= Level::WARN && metadata.target().starts_with("dunlin")
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = format!("{}:", event.metadata().target());
        event.record(&mut Fields(&mut text));
        HEARD.with_borrow_mut(|heard| heard.push(text));
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        // Writing to a string does not fail.
        let _ = write!(self.0, " {field}={value:?}");
    }
}
