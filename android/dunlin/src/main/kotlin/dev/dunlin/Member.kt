package dev.dunlin

/**
 * A device that belongs to a space.
 *
 * @property device the device.
 * @property role what it may do.
 * @property sinceMillis when it was given that role, by the clock of whoever gave it;
 *   milliseconds since 1970.
 */
public data class Member(
    public val device: Device,
    public val role: Role,
    public val sinceMillis: Long,
) {
    internal constructor(member: dev.dunlin.ffi.Member) :
        this(Device(member.device), member.role.toDunlin(), member.sinceMs)

    override fun toString(): String = "Member(${device.name}, $role)"
}

/** What a member of a space may do. */
public enum class Role {
    /** Read. */
    Reader,

    /** Read and write. */
    Writer,

    /** Read, write and say who else may. */
    Admin,
    ;

    internal fun toFfi(): dev.dunlin.ffi.Role =
        when (this) {
            Reader -> dev.dunlin.ffi.Role.READER
            Writer -> dev.dunlin.ffi.Role.WRITER
            Admin -> dev.dunlin.ffi.Role.ADMIN
        }
}

internal fun dev.dunlin.ffi.Role.toDunlin(): Role =
    when (this) {
        dev.dunlin.ffi.Role.READER -> Role.Reader
        dev.dunlin.ffi.Role.WRITER -> Role.Writer
        dev.dunlin.ffi.Role.ADMIN -> Role.Admin
    }
