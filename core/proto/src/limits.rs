//! Bounds that hold against every peer, friendly or not. Each has a test that exceeds it.

/// Longest first frame (the hello), in bytes: all that a peer may send before a tag has verified.
pub const MAX_HELLO_BYTES: usize = 4 << 10;
/// Longest frame until the peer is authorised in one space, in bytes: room for one grant chain.
pub const MAX_INTRODUCTION_BYTES: usize = 8 << 10;
/// Longest frame after that, in bytes. Longer updates travel in chunks.
pub const MAX_FRAME_BYTES: usize = 320 << 10;
/// Longest content of one frame after decompression, in bytes.
pub const MAX_UNPACKED_BYTES: usize = 320 << 10;
/// Deepest nesting of CBOR in a frame or a statement.
pub const MAX_CBOR_DEPTH: usize = 6;
/// Most CBOR items in a frame, its content or a statement.
pub const MAX_CBOR_ITEMS: usize = 32_768;
/// Most documents that are put into one frame.
pub const BATCH_DOCUMENTS: usize = 1024;

/// Longest statement, in bytes.
pub const MAX_STATEMENT_BYTES: usize = 640;
/// Most statements that a roster holds.
pub const MAX_STATEMENTS: usize = 4096;
/// Most statements that a member who is no administrator may add to a roster.
pub const MAX_STATEMENTS_OF_MEMBER: usize = 16;
/// Longest grant chain: the root and what hangs below it.
pub const MAX_CHAIN: usize = 8;
/// Longest name of a device or a space, in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 64;
/// Most address hints in a ticket.
pub const MAX_HINTS: usize = 8;
/// Longest address hint, in bytes.
pub const MAX_HINT_BYTES: usize = 64;
/// Longest ticket, in bytes before its text form.
pub const MAX_TICKET_BYTES: usize = 8 << 10;

/// Tags in a hello are padded to a multiple of this number.
pub const TAG_SLOTS: usize = 8;
/// Most tags in a hello.
pub const MAX_TAGS: usize = 240;

/// Longest message of set reconciliation that is sent, in bytes.
pub const RECONCILE_BYTES: usize = 48 << 10;
/// Longest message of set reconciliation that is accepted, in bytes.
pub const MAX_RECONCILE_BYTES: usize = 64 << 10;
/// Most round trips of one reconciliation; what is left is found by the next one.
pub const MAX_ROUNDS: u32 = 64;
/// Most differences that one reconciliation collects; what is left is found by the next one.
pub const MAX_DIFFERENCES: usize = 16_384;
/// Most reconciliations in a row before two sides agree to differ.
pub const MAX_RUNS: u32 = 4;

/// Most documents that this side has asked for and not yet received.
pub const WANT_WINDOW: usize = 256;
/// Most bytes of state vectors in those requests.
pub const WANT_WINDOW_BYTES: usize = 256 << 10;
/// Most documents that a peer may have asked for and not yet received.
pub const MAX_PEER_WANTS: usize = 1024;
/// Most bytes of state vectors in those requests.
pub const MAX_PEER_WANT_BYTES: usize = 1 << 20;
/// Longest state vector that travels, in bytes; a document with a longer one is sent whole.
pub const MAX_VECTOR_BYTES: usize = 96 << 10;
/// Bytes of updates put into one frame, before compression.
pub const BATCH_BYTES: usize = 192 << 10;
/// Content shorter than this is not worth compressing.
pub const COMPRESS_ABOVE: usize = 1 << 10;
/// Bytes of answers that a peer may leave unread: a full roster and a window of wants.
pub const MAX_UNSENT_BYTES: usize = 4 << 20;
/// Bytes handed over for applying and not yet answered, past which no frame should be read.
pub const MAX_UNAPPLIED_BYTES: usize = 1 << 20;

/// Least time between two attempts at documents that did not fit, in milliseconds.
pub const RETRY_MS: u64 = 60_000;

/// Bytes of live updates that may wait for a slow peer, bookkeeping included.
pub const LIVE_QUEUE_BYTES: usize = 24 << 10;
/// Bytes of updates that were committed as one, and may travel and wait as one; their names and some
/// bookkeeping included. At most [`BATCH_DOCUMENTS`] updates.
pub const UNIT_BYTES: usize = 256 << 10;
/// Documents that may wait for a slow peer as names only.
pub const DIRTY_DOCUMENTS: usize = 1000;
/// Pushes without permission that are answered; the next one closes the connection.
pub const MAX_REFUSALS: u32 = 64;

/// Longest presence of a device in one space, in bytes of JSON.
pub const MAX_PRESENCE_BYTES: usize = 4 << 10;
/// Longest time that a presence holds without being renewed, in milliseconds.
pub const MAX_PRESENCE_MS: u32 = 3_600_000;

/// Time to become authorised in one space, in milliseconds.
pub const INTRODUCTION_MS: u64 = 15_000;
/// Time without a frame while an answer is due, in milliseconds.
pub const ANSWER_MS: u64 = 120_000;
