package dev.dunlin.android

import android.content.Context
import android.net.nsd.NsdManager
import android.net.nsd.NsdServiceInfo
import android.os.Build
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.ProducerScope
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

private const val TYPE = "_dunlin._udp"

/** NsdManager as a [ServiceSystem]. */
internal class NsdServices(
    private val context: Context,
) : ServiceSystem {
    override suspend fun announce(name: String, port: Int, announced: (String) -> Unit) {
        val info = service(name).apply { this.port = port; setAttribute("v", "1") }
        registrations(info).collect(announced)
    }

    private fun registrations(info: NsdServiceInfo): Flow<String> =
        callbackFlow {
            val listener =
                object : NsdManager.RegistrationListener {
                    override fun onServiceRegistered(registered: NsdServiceInfo) = tell(registered.serviceName)

                    override fun onRegistrationFailed(info: NsdServiceInfo, code: Int) = end(systemFailure(code))

                    override fun onServiceUnregistered(info: NsdServiceInfo) =
                        end(ServiceFailure("the system has withdrawn the announcement"))

                    override fun onUnregistrationFailed(info: NsdServiceInfo, code: Int) = Unit
                }
            asking { it.registerService(info, NsdManager.PROTOCOL_DNS_SD, listener) }
            awaitClose { takeBack { it.unregisterService(listener) } }
        }

    override fun browse(): Flow<Sighting> =
        callbackFlow {
            val listener =
                object : NsdManager.DiscoveryListener {
                    override fun onDiscoveryStarted(type: String) = tell(Sighting.Started)

                    override fun onServiceFound(info: NsdServiceInfo) = tell(Sighting.Appeared(info.serviceName))

                    override fun onServiceLost(info: NsdServiceInfo) = tell(Sighting.Vanished(info.serviceName))

                    override fun onDiscoveryStopped(type: String) = end()

                    override fun onStartDiscoveryFailed(type: String, code: Int) = end(systemFailure(code))

                    override fun onStopDiscoveryFailed(type: String, code: Int) = Unit
                }
            asking { it.discoverServices(TYPE, NsdManager.PROTOCOL_DNS_SD, listener) }
            awaitClose { takeBack { it.stopServiceDiscovery(listener) } }
        }.buffer(Channel.UNLIMITED)

    // Its successor needs API 34 and keeps a watch, which the rounds of the search make needless.
    @Suppress("DEPRECATION")
    override suspend fun resolve(name: String): Resolved =
        suspendCancellableCoroutine { waiting ->
            val listener =
                object : NsdManager.ResolveListener {
                    override fun onServiceResolved(info: NsdServiceInfo) =
                        waiting.resume(Resolved(addresses(info), info.port))

                    override fun onResolveFailed(info: NsdServiceInfo, code: Int) =
                        waiting.resumeWithException(systemFailure(code))
                }
            asking { it.resolveService(service(name), listener) }
            waiting.invokeOnCancellation {
                if (Build.VERSION.SDK_INT >= 34) takeBack { it.stopServiceResolution(listener) }
            }
        }

    private fun manager(): NsdManager? = context.getSystemService(NsdManager::class.java)

    private fun asking(call: (NsdManager) -> Unit) {
        val manager = manager() ?: throw ServiceFailure("this device has no service discovery")
        try {
            call(manager)
        } catch (_: SecurityException) {
            throw ServiceFailure("the permission for the local network is missing")
        } catch (refusal: IllegalArgumentException) {
            throw ServiceFailure("the system refuses it: ${refusal.message}")
        }
    }

    /** The system forgets a listener that has failed, and throws when it is taken back. */
    private fun takeBack(call: (NsdManager) -> Unit) {
        try {
            manager()?.let(call)
        } catch (_: IllegalArgumentException) {
            return
        }
    }
}

private fun <T> ProducerScope<T>.tell(item: T) {
    trySend(item)
}

private fun ProducerScope<*>.end(cause: ServiceFailure? = null) {
    close(cause)
}

private fun service(name: String) =
    NsdServiceInfo().apply {
        serviceName = name
        serviceType = TYPE
    }

@Suppress("DEPRECATION")
private fun addresses(info: NsdServiceInfo) =
    if (Build.VERSION.SDK_INT >= 34) info.hostAddresses else listOfNotNull(info.host)
