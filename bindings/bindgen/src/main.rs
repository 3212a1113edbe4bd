//! Generates the foreign side of `dunlin-ffi`: UniFFI's own command line, in the version that the
//! library was built with.

fn main() {
    uniffi::uniffi_bindgen_main();
}
