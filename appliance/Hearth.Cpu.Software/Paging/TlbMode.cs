namespace Hearth.Cpu.Software;

/// <summary>The soft TLB's tables: whose rights an entry was filled with.</summary>
internal static class TlbMode
{
    /// <summary>Supervisor, user pages out of reach for data (SMAP). The first table's entries are named with fewest bytes, and kernels run here.</summary>
    public const int GuardedSupervisor = 0;

    public const int User = 1;

    /// <summary>Supervisor, user pages within reach (CR4.SMAP clear, or RFLAGS.AC set).</summary>
    public const int Supervisor = 2;

    public const int Count = 3;

    /// <summary>The table that data accesses of the running code use.</summary>
    public static int Of(ModeFlags mode)
    {
        if ((mode & ModeFlags.User) != 0)
            return User;
        return (mode & ModeFlags.Smap) != 0 ? GuardedSupervisor : Supervisor;
    }
}
