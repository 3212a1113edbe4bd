package dev.dunlin.ffi

import com.sun.jna.Callback
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native

/**
 * Keeps the library's threads attached to the JVM from the first time that they wake a coroutine.
 *
 * Else JNA attaches and detaches them each time, which makes a `Thread` for every call, and tells
 * on standard error of those that the JVM's end overtook. As daemons they do not hold up that end.
 */
fun keepWorkersAttached(wake: Callback = uniffiRustFutureContinuationCallbackImpl) {
    Native.setCallbackThreadInitializer(wake, CallbackThreadInitializer(true, false, "dunlin"))
}
