namespace Hearth.Cpu.Software;

/// <summary>Bytes of one page of guest RAM that the current instruction may touch directly.</summary>
/// <param name="host">Valid until the instruction ends.</param>
/// <param name="physical">The guest-physical address of <paramref name="host"/>; meaningless unless writes must be noted.</param>
/// <param name="notesWrites">The soft TLB does not vouch for the page: code may lie in it, or it is not marked dirty yet.</param>
internal readonly unsafe struct RamWindow(byte* host, ulong physical, bool notesWrites)
{
    public byte* Host { get; } = host;

    public ulong Physical { get; } = physical;

    public bool NotesWrites { get; } = notesWrites;
}
