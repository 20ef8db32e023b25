using Hearth.Linux.Interop;

namespace Hearth.Linux.Jail;

/// <summary>
/// A ruleset of landlock(7) without a rule: it denies all that it handles. Reading and executing are not among it, so that a program can
/// load what it consists of; they end with the empty root.
/// </summary>
/// <param name="Attribute">struct landlock_ruleset_attr: rights of files, of TCP ports, and scopes; as many words as this kernel knows.</param>
/// <param name="Layers">What that gives.</param>
internal sealed record LandlockRules(ulong[] Attribute, JailLayers Layers)
{
    // linux/landlock.h
    private const ulong WriteFile = 1 << 1;
    private const ulong RemoveAndMake = 0x1FF << 4; // REMOVE_DIR, REMOVE_FILE, MAKE_CHAR, _DIR, _REG, _SOCK, _FIFO, _BLOCK, _SYM
    private const ulong Refer = 1 << 13;
    private const ulong Truncate = 1 << 14;
    private const ulong DeviceControl = 1 << 15; // of a device that is opened from now on: one that was given is as before
    private const ulong BindAndConnect = 3;
    private const ulong AbstractSocketsAndSignals = 3;

    /// <summary>What the kernel offers.</summary>
    /// <returns>Null when it has no Landlock, or that is switched off.</returns>
    public static LandlockRules? Probe()
    {
        long version = Libc.syscall(SystemCallNumber.landlock_create_ruleset, 0, 0, Libc.LANDLOCK_CREATE_RULESET_VERSION, 0, 0);
        return version > 0 ? Of((int)version) : null;
    }

    /// <param name="version">The ABI, from 1 up; of a later one than is known here the known rights are taken.</param>
    public static LandlockRules Of(int version)
    {
        ulong files = WriteFile | RemoveAndMake
            | (version >= 2 ? Refer : 0)
            | (version >= 3 ? Truncate : 0)
            | (version >= 5 ? DeviceControl : 0);
        return version switch
        {
            < 4 => new LandlockRules([files], JailLayers.FileRules),
            < 6 => new LandlockRules([files, BindAndConnect], JailLayers.FileRules | JailLayers.NetworkRules),
            _ => new LandlockRules([files, BindAndConnect, AbstractSocketsAndSignals], JailLayers.FileRules | JailLayers.NetworkRules | JailLayers.ScopeRules),
        };
    }
}
