package dev.dunlin.samples

import dev.dunlin.DiscoveredPeers
import dev.dunlin.Discovery
import dev.dunlin.Dunlin
import dev.dunlin.KeySealer
import dev.dunlin.SealException
import dev.dunlin.LinkInbox
import dev.dunlin.Node
import dev.dunlin.PacketLink
import java.nio.file.Path
import java.security.SecureRandom
import java.util.concurrent.ConcurrentHashMap
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

suspend fun openWithSealer(directory: Path, keys: KeySealer): Node = Dunlin.open(directory) { sealer = keys }

fun sealByAes(key: SecretKey): KeySealer =
    object : KeySealer {
        private val nonceBytes = 12

        override fun seal(seed: ByteArray): ByteArray {
            val nonce = ByteArray(nonceBytes).also(SecureRandom()::nextBytes)
            return nonce + cipher(Cipher.ENCRYPT_MODE, nonce).doFinal(seed)
        }

        override fun unseal(sealed: ByteArray): ByteArray {
            val cipher = cipher(Cipher.DECRYPT_MODE, sealed.copyOf(nonceBytes))
            return try {
                cipher.doFinal(sealed, nonceBytes, sealed.size - nonceBytes)
            } catch (mismatch: AEADBadTagException) {
                throw SealException("another key has sealed it", isKeyLost = true, mismatch)
            }
        }

        private fun cipher(mode: Int, nonce: ByteArray) =
            Cipher.getInstance("AES/GCM/NoPadding").apply { init(mode, key, GCMParameterSpec(128, nonce)) }
    }

/** The board stands for what the platform knows: who announces itself, at which port. */
fun findOnBoard(name: String, board: ConcurrentHashMap<String, Int>): Discovery =
    object : Discovery {
        override fun start(port: Int, peers: DiscoveredPeers) {
            board[name] = port
            for ((other, itsPort) in board) {
                if (other != name) peers.found(other, listOf("127.0.0.1:$itsPort"))
            }
            peers.active()
        }

        override fun stop() {
            board.remove(name)
        }
    }

suspend fun bringDiscovery(node: Node, finder: Discovery) {
    node.startSync {
        listen = "127.0.0.1:0"
        mdns = false
        discovery = finder
    }
}

/** The inboxes stand for the air: a packet put into one has reached that device. */
fun linkInProcess(name: String, inboxes: ConcurrentHashMap<String, LinkInbox>): PacketLink =
    object : PacketLink {
        override val maxPacketBytes = 1_200

        override fun start(inbox: LinkInbox) {
            inboxes[name] = inbox
            for ((other, its) in inboxes - name) {
                inbox.appeared(other)
                its.appeared(name)
            }
        }

        override fun send(peer: String, packet: ByteArray) {
            inboxes[peer]?.received(name, packet)
        }

        override fun stop() {
            inboxes.remove(name)
            inboxes.values.forEach { it.vanished(name) }
        }
    }

suspend fun bringLink(node: Node, bluetooth: PacketLink) {
    node.startSync {
        listen = "127.0.0.1:0"
        mdns = false
        links += bluetooth
    }
}
