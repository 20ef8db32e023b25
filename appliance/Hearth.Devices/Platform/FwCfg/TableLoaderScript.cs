namespace Hearth.Devices.Platform.FwCfg;

/// <summary>Commands by which firmware places and links files (SeaBIOS, src/fw/romfile_loader.h): 128 bytes each.</summary>
internal sealed class TableLoaderScript
{
    /// <summary>Anywhere in RAM below 4 GiB.</summary>
    public const byte HighZone = 1;

    /// <summary>From 0xF0000 to 0xFFFFF, where a guest searches for it.</summary>
    public const byte BiosZone = 2;

    private const int CommandLength = 128;
    private const uint AllocateCommand = 1;
    private const uint AddPointerCommand = 2;
    private const uint AddChecksumCommand = 3;

    private readonly List<byte[]> _commands = [];

    /// <summary>Places a file in RAM.</summary>
    /// <param name="alignment">Bytes, a power of two.</param>
    public void Allocate(string file, uint alignment, byte zone) =>
        Add(Begin(AllocateCommand, file).Dword(alignment).Byte(zone));

    /// <summary>Adds the address of one file to a field of another.</summary>
    /// <param name="offset">Of the field.</param>
    /// <param name="size">Bytes of the field.</param>
    public void AddPointer(string file, string target, int offset, int size) =>
        Add(Name(Begin(AddPointerCommand, file), target).Dword((uint)offset).Byte(size));

    /// <summary>Corrects a byte so that a range of the file sums up to zero.</summary>
    /// <param name="offset">Of the byte.</param>
    public void AddChecksum(string file, int offset, int start, int length) =>
        Add(Begin(AddChecksumCommand, file).Dword((uint)offset).Dword((uint)start).Dword((uint)length));

    public byte[] ToArray() => [.. _commands.SelectMany(command => command)];

    private static TableWriter Begin(uint command, string file) => Name(new TableWriter().Dword(command), file);

    private static TableWriter Name(TableWriter table, string file) =>
        table.Text(file, file.Length).Zeros(FwCfgContents.MaximumNameLength - file.Length);

    private void Add(TableWriter command) => _commands.Add(command.Zeros(CommandLength - command.Length).ToArray());
}
