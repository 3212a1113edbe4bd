package dev.dunlin

import dev.dunlin.ffi.PeerState as FfiPeerState
import dev.dunlin.ffi.PeerStatus as FfiPeer

/**
 * How a node stands.
 *
 * @property device this device.
 * @property listen where other devices may reach it; empty while it does not sync.
 * @property spaces its spaces, by id.
 * @property peers the peers met or dialled since sync was started; while it does not sync, those
 *   met before.
 * @property discovery why nobody can be found on the local network, if discovery does not work.
 * @property refusals what peers refused of ours and we of theirs, the latest last; at most 64.
 */
public data class NodeStatus(
    public val device: Device,
    public val listen: List<String>,
    public val spaces: List<SpaceStatus>,
    public val peers: List<Peer>,
    public val discovery: String?,
    public val refusals: List<Refusal>,
) {
    internal constructor(status: dev.dunlin.ffi.Status) : this(
        Device(status.device),
        status.listen,
        status.spaces.map(::SpaceStatus),
        status.peers.map(::Peer),
        status.discovery,
        status.refusals.map(::Refusal),
    )
}

/**
 * How a space stands.
 *
 * @property id its id.
 * @property name the name that all members see.
 * @property alias this device's own name for it.
 * @property role what this device may do here.
 * @property documents the number of documents that are not deleted.
 * @property digest hash over all documents, deleted ones too: equal on devices that hold the same.
 * @property seq the last commit.
 * @property inSync whether all connected members have the same documents; false while none is
 *   connected.
 * @property diverged documents that differ from a peer's although both gave everything: two
 *   writers used one identity, for instance a copied directory.
 * @property full documents that differ from a peer's because there is no room for both, here or
 *   there.
 */
public data class SpaceStatus(
    public val id: String,
    public val name: String,
    public val alias: String?,
    public val role: Role?,
    public val documents: Long,
    public val digest: String,
    public val seq: Long,
    public val inSync: Boolean,
    public val diverged: List<String>,
    public val full: List<FullDocument>,
) {
    internal constructor(space: dev.dunlin.ffi.SpaceStatus) : this(
        space.id,
        space.name,
        space.alias,
        space.role?.toDunlin(),
        space.documents.toLong(),
        space.digest,
        space.seq,
        space.inSync,
        space.diverged,
        space.full.map(::FullDocument),
    )
}

/**
 * A document that differs from a peer's because the two together would outgrow a bound. Nobody is
 * to blame, and all other documents go on.
 *
 * @property document the document, as collection/id.
 * @property peer the id of the peer.
 * @property isByUs whether the peer's does not fit here; else this device's does not fit there.
 * @property measure what there would be too much of: `bytes`, `writers` or `texts`.
 * @property has how much the side has that keeps the other's out.
 * @property needs how much it would have.
 * @property bound the bound.
 * @property largest what is largest here among what gives room when it is removed, the largest
 *   first.
 * @property remedy what to do about it, in words.
 */
public data class FullDocument(
    public val document: String,
    public val peer: String,
    public val isByUs: Boolean,
    public val measure: String,
    public val has: Long,
    public val needs: Long,
    public val bound: Long,
    public val largest: List<Large>,
    public val remedy: String,
) {
    internal constructor(full: dev.dunlin.ffi.FullDocument) : this(
        full.document,
        full.peer,
        full.byUs,
        full.measure,
        full.has.toLong(),
        full.needs.toLong(),
        full.bound.toLong(),
        full.largest.map(::Large),
        full.remedy,
    )
}

/**
 * Something large in a document.
 *
 * @property path where, as a JSON pointer.
 * @property bytes about how many bytes it takes.
 */
public data class Large(public val path: String, public val bytes: Long) {
    internal constructor(large: dev.dunlin.ffi.Large) : this(large.path, large.bytes.toLong())
}

/**
 * How a peer stands.
 *
 * @property device the device's id; unknown for an address that never answered.
 * @property name what it calls itself, if it is a member of a space here.
 * @property state whether it is connected.
 * @property address where it is, or was last.
 * @property inSync whether everything that may flow between the two devices has flowed.
 * @property spaces the ids of the spaces in common.
 * @property reason why it is not connected.
 */
public data class Peer(
    public val device: String?,
    public val name: String?,
    public val state: PeerState,
    public val address: String,
    public val inSync: Boolean,
    public val spaces: List<String>,
    public val reason: String?,
) {
    internal constructor(peer: FfiPeer) : this(
        peer.device,
        peer.name,
        peer.state.toDunlin(),
        peer.address,
        peer.inSync,
        peer.spaces,
        peer.reason,
    )

    override fun toString(): String = "Peer(${name ?: device?.take(8)} at $address: $state)"
}

/** Whether a peer is connected. */
public enum class PeerState {
    /** A connection stands, and the spaces in common are not known yet. */
    Greeting,

    /** Connected. */
    Connected,

    /** Not connected; dialled again from time to time. */
    Disconnected,
}

/**
 * Something that one side handed over and the other did not take.
 *
 * @property peer the id of the other side.
 * @property space the id of the space.
 * @property documents the documents; none if it was about the device's membership.
 * @property isByUs whether this device refused, or was refused.
 * @property code what kind of refusal it is: `Expired` for a membership by a ticket that is over, `Denied`,
 *   `LimitExceeded`.
 * @property reason why, in words.
 */
public data class Refusal(
    public val peer: String,
    public val space: String,
    public val documents: List<String>,
    public val isByUs: Boolean,
    @get:JvmName("getCode")
    public val code: ErrorCode,
    public val reason: String,
) {
    internal constructor(refusal: dev.dunlin.ffi.Refusal) :
        this(refusal.peer, refusal.space, refusal.documents, refusal.byUs, codeOf(refusal.code), refusal.reason)
}

private fun FfiPeerState.toDunlin(): PeerState =
    when (this) {
        FfiPeerState.GREETING -> PeerState.Greeting
        FfiPeerState.CONNECTED -> PeerState.Connected
        FfiPeerState.DISCONNECTED -> PeerState.Disconnected
    }
