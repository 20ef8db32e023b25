using System.Buffers.Binary;
using Hearth.Cpu.Kvm.Interop;

namespace Hearth.Cpu.Kvm;

/// <summary>The smallest guest in long mode: a loop that counts ECX down to zero and halts.</summary>
internal static class ProbeGuest
{
    private const ulong Code = 0;
    private const int PageMap = 0x1000;
    private const int DirectoryPointers = 0x2000;
    private const int Directory = 0x3000;

    /// <summary>Writes code and page tables: the first 2 MiB, mapped to themselves.</summary>
    public static void Write(Span<byte> memory)
    {
        const ulong PresentWritable = 3;
        const ulong Large = 1 << 7;
        ReadOnlySpan<byte> loop =
        [
            0xFF, 0xC9, // dec ecx
            0x75, 0xFC, // jnz to it
            0xF4, // hlt
        ];
        memory.Clear();
        loop.CopyTo(memory[(int)Code..]);
        BinaryPrimitives.WriteUInt64LittleEndian(memory[PageMap..], DirectoryPointers | PresentWritable);
        BinaryPrimitives.WriteUInt64LittleEndian(memory[DirectoryPointers..], Directory | PresentWritable);
        BinaryPrimitives.WriteUInt64LittleEndian(memory[Directory..], PresentWritable | Large);
    }

    public static void EnterLongMode(KvmVcpuHandle vcpu)
    {
        const ulong ProtectionPaging = 0x8001_0031; // PE, ET, NE, WP, PG, MP
        const ulong PhysicalAddressExtension = 1 << 5;
        const ulong LongModeActive = 0x500; // LME, LMA
        kvm_sregs system = vcpu.GetSystemRegisters();
        (system.cr0, system.cr3, system.cr4, system.efer) = (ProtectionPaging | 2, PageMap, PhysicalAddressExtension, LongModeActive);
        var data = new kvm_segment { limit = uint.MaxValue, selector = 0x10, type = 3, present = 1, db = 1, s = 1, g = 1 };
        system.cs = data with { selector = 8, type = 11, db = 0, l = 1 };
        (system.ds, system.es, system.fs, system.gs, system.ss) = (data, data, data, data, data);
        vcpu.SetSystemRegisters(system);
    }

    public static kvm_regs Start(uint rounds) => new() { rip = Code, rcx = rounds, rflags = 2 };
}
