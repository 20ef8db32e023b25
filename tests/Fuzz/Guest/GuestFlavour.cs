namespace Hearth.Fuzz.Guest;

/// <summary>The system around a test program in the guest. What a program sees must not depend on it.</summary>
internal enum GuestFlavour
{
    /// <summary>Long mode with 4-level paging; 32-bit and 16-bit programs run in compatibility mode, as they do on the host.</summary>
    Long,

    /// <summary>As <see cref="Long"/>, but data lies in a device's memory: every access leaves the engine.</summary>
    DeviceMemory,

    /// <summary>As <see cref="Long"/>, for 64-bit programs that run directly, in a process of their own. Code cannot be written there.</summary>
    Direct,

    /// <summary>Protected mode with PAE paging: 32-bit and 16-bit programs only.</summary>
    Legacy,
}
