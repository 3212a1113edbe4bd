package dev.dunlin.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.Network
import android.net.NetworkCapabilities
import android.net.NetworkRequest
import dev.dunlin.DunlinException
import dev.dunlin.Node
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow

/**
 * Gives the node's sync a new socket and dials anew whenever the device has come to another network,
 * until the node is shut down or the caller is cancelled.
 *
 * @param onFailure hears what `restartSync` refuses, such as `Network`; the next change tries again.
 */
public suspend fun Node.followNetworks(
    context: Context,
    onFailure: (DunlinException) -> Unit = {},
): Unit = restartOnNewAddresses(localNetworks(context.applicationContext), onFailure)

/**
 * Networks on which peers can be, with or without internet behind them; mobile data is not one, and
 * its coming and going must not disturb the others.
 */
private fun localNetworks(context: Context): Flow<Addresses<Network>> =
    callbackFlow<Pair<Network, Set<String>>> {
        val manager = checkNotNull(context.getSystemService(ConnectivityManager::class.java))
        val callback =
            object : ConnectivityManager.NetworkCallback() {
                override fun onLinkPropertiesChanged(network: Network, link: LinkProperties) {
                    trySend(network to link.linkAddresses.map { it.toString() }.toSet())
                }

                override fun onLost(network: Network) {
                    trySend(network to emptySet())
                }
            }
        val request =
            NetworkRequest
                .Builder()
                .addTransportType(NetworkCapabilities.TRANSPORT_WIFI)
                .addTransportType(NetworkCapabilities.TRANSPORT_ETHERNET)
                .addTransportType(NetworkCapabilities.TRANSPORT_BLUETOOTH)
                .addTransportType(NetworkCapabilities.TRANSPORT_VPN)
                .removeCapability(NetworkCapabilities.NET_CAPABILITY_NOT_VPN)
                .build()
        manager.registerNetworkCallback(request, callback)
        awaitClose { manager.unregisterNetworkCallback(callback) }
    }.buffer(Channel.UNLIMITED).gathered()
