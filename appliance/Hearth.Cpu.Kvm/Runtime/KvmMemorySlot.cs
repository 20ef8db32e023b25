namespace Hearth.Cpu.Kvm;

/// <summary>A slot of KVM's memory.</summary>
/// <param name="Start">Guest-physical address.</param>
/// <param name="Length">Bytes, a multiple of the page size.</param>
/// <param name="FirstPage">Its first page as page sets number them; -1 for ROM, which is in none.</param>
/// <param name="Segments">The segments of shadow memory it has, a bit for each; 0 for other memory.</param>
internal readonly record struct KvmMemorySlot(ulong Start, ulong Length, long FirstPage, uint Segments)
{
    public bool IsRom => FirstPage < 0;
}
