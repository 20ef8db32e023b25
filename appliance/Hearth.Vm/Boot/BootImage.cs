using Hearth.Machine;

namespace Hearth.Vm.Boot;

/// <summary>A file that is booted or handed to the guest. Read when the machine starts and again at every guest reset.</summary>
public sealed class BootImage
{
    private readonly Stream _content;

    /// <param name="name">How error messages call it.</param>
    /// <param name="content">Seekable; owned by the caller and open as long as the guest runs.</param>
    /// <exception cref="MachineException">The stream cannot be read twice.</exception>
    public BootImage(string name, Stream content)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(content);
        if (!content.CanSeek)
            throw new MachineException($"{name} is no regular file");
        Name = name;
        _content = content;
    }

    public string Name { get; }

    /// <summary>Bytes.</summary>
    public ulong Length => (ulong)_content.Length;

    /// <exception cref="MachineException">The file ends before the span is full, or cannot be read.</exception>
    internal void Read(ulong offset, Span<byte> to)
    {
        if (offset > Length || (ulong)to.Length > Length - offset)
            throw Truncated();
        try
        {
            _content.Position = (long)offset;
            _content.ReadExactly(to);
        }
        catch (EndOfStreamException)
        {
            // The file shrank since its length was asked.
            throw Truncated();
        }
        catch (IOException error)
        {
            throw new MachineException($"{Name} cannot be read: {error.Message}", error);
        }
    }

    internal MachineException Truncated() => new($"{Name} is truncated");

    internal MachineException Damaged(string what) => new($"{Name} is damaged: {what}");
}
