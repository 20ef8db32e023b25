using System.Buffers.Binary;
using System.Text;
using Hearth.Machine;

namespace Hearth.Devices.Platform.FwCfg;

/// <summary>What a machine tells its firmware; filled while the machine is composed, then fixed.</summary>
public sealed class FwCfgContents
{
    /// <summary>Bytes of a file name, its terminating zero included.</summary>
    public const int MaximumNameLength = 56;

    private const int DirectoryEntrySize = 64;
    private const int MaximumFiles = 0x1000;
    private const uint PortInterface = 1 << 0;
    private const uint DmaInterface = 1 << 1;

    private readonly Dictionary<int, FwCfgItem> _items = [];
    private readonly List<(string Name, ushort Key)> _files = [];

    public FwCfgContents()
    {
        Set(FwCfgKeys.Signature, "QEMU"u8.ToArray());
        SetUInt32(FwCfgKeys.Identifier, PortInterface | DmaInterface);
        UpdateDirectory();
    }

    /// <summary>The files' names, in the order of their keys.</summary>
    public IEnumerable<string> Files => _files.Select(file => file.Name);

    internal IEnumerable<FwCfgItem> Items => _items.Values;

    /// <summary>Adds a file to the directory.</summary>
    /// <param name="name">As firmware looks for it, for example <c>etc/e820</c>; ASCII, unique.</param>
    /// <param name="data">Kept, not copied, unless the guest may write it.</param>
    /// <param name="writable">The guest may write it by DMA; a reset brings the first contents back.</param>
    /// <exception cref="MachineException">The name is taken, empty, too long or not ASCII, or there are too many files.</exception>
    public void AddFile(string name, byte[] data, bool writable = false)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length is 0 or >= MaximumNameLength || !Ascii.IsValid(name))
            throw new MachineException($"'{name}' is no name for a fw_cfg file: 1 to {MaximumNameLength - 1} ASCII characters are.");
        if (_files.Exists(file => file.Name == name))
            throw new MachineException($"There is a fw_cfg file '{name}' already.");
        if (_files.Count == MaximumFiles)
            throw new MachineException($"fw_cfg holds {MaximumFiles} files at most.");
        ushort key = (ushort)(FwCfgKeys.FirstFile + _files.Count);
        _files.Add((name, key));
        _items.Add(key, new FwCfgItem(key, data, writable));
        UpdateDirectory();
    }

    /// <summary>Sets an item that is known by its number.</summary>
    public void Set(ushort key, byte[] data) => _items[key] = new FwCfgItem(key, data, false);

    /// <summary>Sets an item to a little-endian number.</summary>
    public void SetUInt16(ushort key, ushort value) => Set(key, [(byte)value, (byte)(value >> 8)]);

    /// <inheritdoc cref="SetUInt16"/>
    public void SetUInt32(ushort key, uint value)
    {
        byte[] data = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        Set(key, data);
    }

    /// <inheritdoc cref="SetUInt16"/>
    public void SetUInt64(ushort key, ulong value)
    {
        byte[] data = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(data, value);
        Set(key, data);
    }

    /// <summary>The directory: a count, then size, key and name of each file, big-endian.</summary>
    private void UpdateDirectory()
    {
        byte[] directory = new byte[sizeof(uint) + (_files.Count * DirectoryEntrySize)];
        BinaryPrimitives.WriteUInt32BigEndian(directory, (uint)_files.Count);
        for (int i = 0; i < _files.Count; i++)
        {
            Span<byte> entry = directory.AsSpan(sizeof(uint) + (i * DirectoryEntrySize), DirectoryEntrySize);
            BinaryPrimitives.WriteUInt32BigEndian(entry, (uint)_items[_files[i].Key].Data.Length);
            BinaryPrimitives.WriteUInt16BigEndian(entry[4..], _files[i].Key);
            Encoding.ASCII.GetBytes(_files[i].Name, entry[8..]);
        }

        Set(FwCfgKeys.FileDirectory, directory);
    }
}
