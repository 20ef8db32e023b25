namespace Hearth.Memory;

/// <summary>What is known of one page of guest RAM; one byte a page, changed atomically.</summary>
[Flags]
public enum PageFlags : byte
{
    None = 0,

    /// <summary>Code was translated from this page: writes must be seen by the engine.</summary>
    Code = 1,

    /// <summary>Written since <see cref="GuestRam.TakeDirty"/> was last called.</summary>
    Dirty = 2,

    /// <summary>
    /// Shadow memory or ROM: whether a write reaches the bytes is decided for each by itself (<see cref="GuestRam.WritableAddress"/>). Set for good
    /// when the memory is made, so that no write right has to be taken from anybody when the guest changes the protection.
    /// </summary>
    Guarded = 4,

    /// <summary>A <see cref="MemoryCut"/> still needs what is in this page: whoever writes to it calls <see cref="GuestRam.KeepBeforeWrite"/> before.</summary>
    Wanted = 8,

    /// <summary>Somebody copies this page for a <see cref="MemoryCut"/>, and takes this away when that is done.</summary>
    Copying = 16,

    /// <summary>A page of which just <see cref="Dirty"/> is set among these may be written without anybody's notice.</summary>
    WriteRights = Code | Dirty | Guarded | Wanted | Copying,
}
