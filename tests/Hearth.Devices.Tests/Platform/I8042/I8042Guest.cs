using Hearth.Devices.Platform.I8042;
using Hearth.Testing;

namespace Hearth.Devices.Tests.Platform.I8042;

/// <summary>A driver's view of the keyboard controller.</summary>
internal sealed class I8042Guest
{
    public const ushort Data = 0x60;
    public const ushort Command = 0x64;

    public I8042Guest()
    {
        Device = I8042Module.Create(Machine.Context);
        Device.Reset();
    }

    public TestMachine Machine { get; } = new();

    public I8042Device Device { get; }

    public bool HasOutput => (Machine.In(Command) & 0x01) != 0;

    public void Controller(byte command) => Machine.Out(Command, command);

    public void Controller(byte command, byte parameter)
    {
        Machine.Out(Command, command);
        Machine.Out(Data, parameter);
    }

    public byte Ask(byte command)
    {
        Machine.Out(Command, command);
        return Machine.In(Data);
    }

    /// <summary>Reads what is there until the output buffer stays empty.</summary>
    public byte[] ReadAll()
    {
        var bytes = new List<byte>();
        while (HasOutput)
            bytes.Add(Machine.In(Data));
        return [.. bytes];
    }

    /// <summary>Sends bytes to the keyboard, one at a time.</summary>
    /// <returns>Everything it answers.</returns>
    public byte[] Keyboard(params ReadOnlySpan<byte> bytes)
    {
        var answers = new List<byte>();
        foreach (byte value in bytes)
        {
            Machine.Out(Data, value);
            answers.AddRange(ReadAll());
        }

        return [.. answers];
    }

    /// <inheritdoc cref="Keyboard"/>
    public byte[] Mouse(params ReadOnlySpan<byte> bytes)
    {
        var answers = new List<byte>();
        foreach (byte value in bytes)
        {
            Controller(0xD4, value);
            answers.AddRange(ReadAll());
        }

        return [.. answers];
    }

    public void Tap(ushort key)
    {
        Device.Key(key, true);
        Device.Key(key, false);
    }

    /// <summary>Turns the controller's translation off, so that the keyboard's own codes are seen.</summary>
    public void SwitchTranslationOff() => Controller(0x60, 0x05);
}
