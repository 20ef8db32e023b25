using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Hearth.Proving.Bochs;

/// <summary>
/// The first sector of a disk from which a PVH kernel starts: it goes to protected mode, reads the rest of the disk to where it belongs in memory
/// (ATA, READ SECTORS without interrupts) and jumps to the kernel. The kernel has been laid out by whoever wrote the disk, so that there is
/// nothing to unpack, to move or to look for on a processor this slow.
/// </summary>
/// <remarks>bochs can load files into memory by itself (optramimage), but 2.7 does so in one piece, as if memory of 128 KiB blocks were one.</remarks>
internal static class BootSector
{
    public const int Length = 512;

    /// <summary>What one command reads: 256 sectors, which the sector count says as 0.</summary>
    public const int BlockLength = BlockSectors * Length;

    private const int BlockSectors = 256;
    private const ushort Address = 0x7C00;
    private const uint ProtectedMode = Address + 0x40;
    private const uint Tables = Address + 0xC0;
    private const ushort CodeSelector = 8;
    private const ushort DataSelector = 16;

    /// <param name="target">Where in memory the second sector and all that follow go.</param>
    /// <param name="blocks">How many times <see cref="BlockLength"/> that is.</param>
    /// <param name="entry">Where the kernel is entered, with EBX the target: hvm_start_info is the first that lies there.</param>
    public static byte[] Build(uint target, int blocks, uint entry)
    {
        var sector = new byte[Length];
        Place(sector, Address, RealMode(), ProtectedMode);
        Place(sector, ProtectedMode, Load(target, blocks, entry), Tables);
        DescriptorTable().CopyTo(sector, (int)(Tables - Address));
        sector[^2] = 0x55;
        sector[^1] = 0xAA;
        return sector;
    }

    private static Assembler RealMode()
    {
        var assembler = new Assembler(16);
        assembler.cli();
        assembler.xor(ax, ax);
        assembler.mov(ds, ax);

        // Address line 20 by port 92h, whose bit 0 would be a reset.
        assembler.@in(al, 0x92);
        assembler.or(al, 2);
        assembler.and(al, 0xFE);
        assembler.@out(0x92, al);
        assembler.lgdt(__[unchecked((short)(Tables + 24))]);
        assembler.mov(eax, cr0);
        assembler.or(al, 1);
        assembler.mov(cr0, eax);
        assembler.jmp(CodeSelector, ProtectedMode);
        return assembler;
    }

    private static Assembler Load(uint target, int blocks, uint entry)
    {
        var assembler = new Assembler(32);
        Label block = assembler.CreateLabel();
        Label sector = assembler.CreateLabel();
        Label wait = assembler.CreateLabel();
        assembler.mov(ax, DataSelector);
        assembler.mov(ds, ax);
        assembler.mov(es, ax);
        assembler.mov(ss, ax);
        assembler.cld();

        // Device control: no interrupts.
        assembler.mov(dx, 0x3F6);
        assembler.mov(al, 2);
        assembler.@out(dx, al);
        assembler.mov(ebx, 1);
        assembler.mov(edi, target);
        assembler.mov(ebp, blocks);
        assembler.Label(ref block);
        SendCommand(assembler);
        assembler.mov(esi, BlockSectors);
        assembler.Label(ref sector);
        assembler.mov(dx, 0x1F7);
        assembler.Label(ref wait);
        assembler.@in(al, dx);

        // Not busy, and with data.
        assembler.and(al, 0x88);
        assembler.cmp(al, 8);
        assembler.jne(wait);
        assembler.mov(dl, 0xF0);
        assembler.mov(ecx, Length / sizeof(ushort));
        assembler.rep.insw();
        assembler.dec(esi);
        assembler.jne(sector);
        assembler.add(ebx, BlockSectors);
        assembler.dec(ebp);
        assembler.jne(block);
        assembler.mov(ebx, target);
        assembler.mov(eax, entry);
        assembler.jmp(eax);
        return assembler;
    }

    /// <summary>Sector count, the 28 bits of the block address in EBX, the command: one port after the other.</summary>
    private static void SendCommand(Assembler assembler)
    {
        const sbyte FirstDeviceByBlockAddress = unchecked((sbyte)0xE0);
        const sbyte ReadSectors = 0x20;
        assembler.mov(dx, 0x1F2);
        assembler.xor(al, al);
        assembler.@out(dx, al);
        assembler.mov(eax, ebx);
        for (int part = 0; part < 3; part++)
        {
            assembler.inc(edx);
            assembler.@out(dx, al);
            assembler.shr(eax, 8);
        }

        assembler.inc(edx);
        assembler.mov(al, FirstDeviceByBlockAddress);
        assembler.@out(dx, al);
        assembler.inc(edx);
        assembler.mov(al, ReadSectors);
        assembler.@out(dx, al);
    }

    /// <summary>Three descriptors (none, 32-bit code, 32-bit data: 4 GiB from 0), and what LGDT reads.</summary>
    private static byte[] DescriptorTable() =>
    [
        0, 0, 0, 0, 0, 0, 0, 0,
        0xFF, 0xFF, 0, 0, 0, 0x9A, 0xCF, 0,
        0xFF, 0xFF, 0, 0, 0, 0x92, 0xCF, 0,
        23, 0, .. BitConverter.GetBytes(Tables),
    ];

    private static void Place(byte[] sector, uint address, Assembler assembler, uint end)
    {
        using var code = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(code), address);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(code.Length, end - address);
        code.ToArray().CopyTo(sector, (int)(address - Address));
    }
}
