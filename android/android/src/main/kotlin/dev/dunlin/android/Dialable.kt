package dev.dunlin.android

import java.net.Inet6Address
import java.net.InetAddress

/**
 * The addresses of an announcement that a node can dial, as it takes them: without those that lead
 * nowhere from here, and IPv6 last, since many access points do not carry it between clients.
 */
internal fun dialable(addresses: List<InetAddress>, port: Int): List<String> {
    if (port !in 1..65_535) return emptyList()
    return addresses
        .filter(::leadsSomewhere)
        .sortedBy { it is Inet6Address }
        .map { address -> "${host(address)}:$port" }
        .distinct()
}

private fun leadsSomewhere(address: InetAddress): Boolean =
    when {
        address.isAnyLocalAddress || address.isLoopbackAddress || address.isMulticastAddress -> false
        // Without its interface a link-local address could be on any.
        address is Inet6Address -> !address.isLinkLocalAddress || address.scopeId != 0
        else -> !isStandIn(address)
    }

/** 192.0.0.0/29 (RFC 7335): what a phone on an IPv6-only network has in place of IPv4. */
private fun isStandIn(address: InetAddress): Boolean {
    val bytes = address.address.map { it.toInt() and 0xff }
    return bytes.take(3) == listOf(192, 0, 0) && bytes[3] < 8
}

private fun host(address: InetAddress): String {
    val plain = address.hostAddress.orEmpty().substringBefore('%')
    return when {
        address !is Inet6Address -> plain
        address.scopeId != 0 -> "[$plain%${address.scopeId}]"
        else -> "[$plain]"
    }
}
