using System.Buffers.Binary;

namespace Hearth.Boot.Tests;

/// <summary>The image of a disk that GRUB starts Debian's kernel from: a boot sector, GRUB behind it, and a partition with a file system, made without root.</summary>
internal static class GrubDisk
{
    private const int SectorLength = 512;
    private const int PartitionStart = 2048;
    private const int PartitionKibibytes = 64 << 10;
    private const byte Linux = 0x83;

    private const string Configuration = """
        serial --unit=0 --speed=115200
        terminal_input serial
        terminal_output serial
        set root=(hd0,msdos1)
        echo GRUB loads the kernel
        linux /vmlinuz console=ttyS0 panic=-1
        initrd /initrd.img
        boot

        """;

    /// <param name="name">Of the image in the folder.</param>
    /// <returns>The path of the image.</returns>
    public static string Make(ScratchDirectory scratch, string name, string kernel, byte[] initrd)
    {
        string folder = Directory.CreateDirectory(scratch["root"]).FullName;
        File.Copy(kernel, Path.Combine(folder, "vmlinuz"));
        File.WriteAllBytes(Path.Combine(folder, "initrd.img"), initrd);
        string partition = scratch["partition"];
        Guests.HostCommand.Require("mke2fs", ["-q", "-t", "ext2", "-d", folder, partition, $"{PartitionKibibytes}"]);

        return Assemble(scratch, name, partition, Configuration);
    }

    /// <summary>Puts GRUB before a partition.</summary>
    /// <param name="partition">Its image.</param>
    /// <param name="commands">What GRUB does.</param>
    /// <returns>The path of the image of the disk.</returns>
    public static string Assemble(ScratchDirectory scratch, string name, string partition, string commands)
    {
        string grub = GuestAssets.GrubFolder();
        string configuration = scratch["grub.cfg"];
        File.WriteAllText(configuration, commands);
        string core = scratch["core.img"];
        GuestAssets.MakeGrubImage(
            "-O", "i386-pc", "-d", grub, "-o", core, "-p", "/", "-c", configuration, "biosdisk", "part_msdos", "ext2", "linux", "boot", "serial", "terminal", "echo");
        string image = scratch[name];
        using FileStream disk = File.Create(image);
        using FileStream content = File.OpenRead(partition);
        disk.Write(BootSector(File.ReadAllBytes(Path.Combine(grub, "boot.img")), (int)(content.Length / SectorLength)));
        byte[] loader = File.ReadAllBytes(core);
        Assert.True(loader.Length <= (PartitionStart - 1) * SectorLength, "GRUB does not fit before the partition");
        disk.Write(loader);
        disk.Position = PartitionStart * SectorLength;
        content.CopyTo(disk);
        return image;
    }

    /// <summary>GRUB's boot sector reads the one behind it as it is; it needs a partition table alone, in the place of what it has for floppy disks.</summary>
    private static byte[] BootSector(byte[] boot, int partitionSectors)
    {
        const int Signature = 440;
        const int Table = 446;
        byte[] sector = [.. boot[..SectorLength]];
        sector.AsSpan(Signature).Clear();
        Span<byte> entry = sector.AsSpan(Table, 16);
        entry[0] = 0x80;
        entry[4] = Linux;
        BinaryPrimitives.WriteInt32LittleEndian(entry[8..], PartitionStart);
        BinaryPrimitives.WriteInt32LittleEndian(entry[12..], partitionSectors);
        (sector[^2], sector[^1]) = (0x55, 0xAA);
        return sector;
    }
}
