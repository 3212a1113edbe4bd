package dev.dunlin

/**
 * A device.
 *
 * @property id its public key, in hexadecimal.
 * @property name what it calls itself.
 * @property kind what acts through it.
 */
public data class Device(
    public val id: String,
    public val name: String,
    public val kind: DeviceKind,
) {
    internal constructor(device: dev.dunlin.ffi.Device) :
        this(device.id, device.name, device.kind.toDunlin())

    override fun toString(): String = "Device($name, ${id.take(8)})"
}

/** What acts through a device, as its owner declared it: attribution, never permission. */
public enum class DeviceKind {
    /** A person. */
    Human,

    /** A program that acts for a person. */
    Agent,

    /** A thing that measures. */
    Sensor,
    ;

    internal fun toFfi(): dev.dunlin.ffi.DeviceKind =
        when (this) {
            Human -> dev.dunlin.ffi.DeviceKind.HUMAN
            Agent -> dev.dunlin.ffi.DeviceKind.AGENT
            Sensor -> dev.dunlin.ffi.DeviceKind.SENSOR
        }
}

internal fun dev.dunlin.ffi.DeviceKind.toDunlin(): DeviceKind =
    when (this) {
        dev.dunlin.ffi.DeviceKind.HUMAN -> DeviceKind.Human
        dev.dunlin.ffi.DeviceKind.AGENT -> DeviceKind.Agent
        dev.dunlin.ffi.DeviceKind.SENSOR -> DeviceKind.Sensor
    }
