using System.Buffers.Binary;
using Hearth.Proving;

namespace Hearth.EndToEnd.Tests;

/// <summary>Writes down the events of an input device inside the proving ground, from the moment it is made.</summary>
internal sealed class InputRecorder : IDisposable
{
    private const int EventLength = 24;

    private readonly ProvingGround _ground;
    private readonly string _file;
    private readonly GroundCommand _command;

    /// <param name="device">The name Linux gives it, such as <c>QEMU QEMU USB Keyboard</c>.</param>
    public InputRecorder(ProvingGround ground, string device)
    {
        _ground = ground;
        _file = Path.Combine(ground.SharedDirectory, $"{Guid.NewGuid():N}.events");
        _command = ground.StartCommand($"""
            name=$(grep -lx {ShellWord.Quote(device)} /sys/class/input/event*/device/name | cut -d / -f 5)
            exec 5< /dev/input/$name
            echo open
            cat <&5 > {_file}
            """);
        _command.WaitForOutput("open", GroundFixture.Patience);
    }

    /// <summary>The events so far, without those that only end a report (EV_SYN) and scan codes (EV_MSC).</summary>
    public IReadOnlyList<InputEvent> Events
    {
        get
        {
            byte[] bytes = File.Exists(_file) ? File.ReadAllBytes(_file) : [];
            return [.. bytes.Chunk(EventLength).Where(chunk => chunk.Length == EventLength).Select(Parse).Where(input => input.Type is not (InputEvent.Synchronization or InputEvent.Miscellaneous))];
        }
    }

    /// <summary>Waits until there are as many events.</summary>
    public IReadOnlyList<InputEvent> WaitFor(int count)
    {
        _ground.WaitUntil(() => Events.Count >= count, GroundFixture.Patience, $"input event {count}");
        return Events;
    }

    public void Dispose() => _command.Kill();

    /// <summary>struct input_event of a 64-bit Linux: the time takes the first 16 bytes.</summary>
    private static InputEvent Parse(byte[] bytes) => new(
        BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(16)),
        BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(18)),
        BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(20)));
}
