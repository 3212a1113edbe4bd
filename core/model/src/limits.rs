//! Bounds that every honest document keeps, so that it can travel to every peer.

/// Longest single update or diff, in bytes of yrs V1 encoding: 4 MiB.
pub const MAX_UPDATE_BYTES: usize = 4 << 20;
/// Longest encoded state that a local write may leave behind: 1.25 MiB, so that three devices that
/// filled one document while apart can still merge.
pub const MAX_DOCUMENT_BYTES: usize = 5 << 18;
/// Most writers (incarnations) that a local write may leave behind.
pub const MAX_DOCUMENT_WRITERS: usize = 32_768;
/// Most root texts, over all epochs, that a local write may leave behind.
pub const MAX_DOCUMENT_TEXTS: usize = 4096;
/// Longest encoded state that a foreign update may leave behind. What is left below
/// [`MAX_UPDATE_BYTES`] is kept for deleting.
pub const MAX_MERGED_BYTES: usize = MAX_UPDATE_BYTES - (64 << 10);
/// Most writers that a foreign update may leave behind.
pub const MAX_MERGED_WRITERS: usize = 65_536;
/// Most root texts, over all epochs, that a document may have.
pub const MAX_TEXTS: usize = 16_384;
/// Growth in bytes that a full document still takes: a tick, a counter, a word.
pub const SMALL_GROWTH: usize = 1 << 10;
/// Longest encoded state that such growth may leave behind.
pub const MAX_GROWN_BYTES: usize = MAX_MERGED_BYTES - (256 << 10);
/// Most writers that such growth may leave behind.
pub const MAX_GROWN_WRITERS: usize = MAX_MERGED_WRITERS - 4096;
/// Most writers that a document has at all: what is above [`MAX_MERGED_WRITERS`] is kept for
/// deleting.
pub const MAX_WRITERS: usize = MAX_MERGED_WRITERS + 1024;
/// Highest generation of a document.
pub const MAX_GENERATION: u32 = (1 << 31) - 1;
/// Longest payload of one register entry, in bytes: 1 MiB.
pub const MAX_ENTRY_BYTES: usize = 1 << 20;
/// Longest path of a register, in bytes of its printed form.
pub const MAX_PATH_BYTES: usize = 1024;
/// Longest path that a local write uses: leaves room for what names a text's root.
pub const MAX_WRITTEN_PATH_BYTES: usize = MAX_PATH_BYTES - 32;
/// Longest scalar inside a tree, in bytes; a longer one gets an entry of its own, so that removing
/// it frees its bytes: 1 KiB.
pub const MAX_TREE_SCALAR_BYTES: usize = 1 << 10;
/// Deepest nesting of a value, and most segments of a path.
pub const MAX_DEPTH: usize = 32;
/// Most bases that one entry may cover.
pub const MAX_COVERS: usize = 4096;
/// Highest epoch of a text or counter: beyond what honest writers reach, with room above it in its
/// 32 bits.
pub const MAX_EPOCH: u32 = (1 << 31) - 1;
/// Largest magnitude of a counter's subtotal: the integers that a double holds exactly.
pub const MAX_COUNTER: i64 = 1 << 53;
