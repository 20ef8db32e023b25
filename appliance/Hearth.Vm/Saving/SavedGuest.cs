using System.Buffers.Binary;
using Hearth.Machine;
using Hearth.Vm.Composition;

namespace Hearth.Vm.Saving;

/// <summary>A saved guest as a stream: a header, RAM, and the state of processors and devices.</summary>
/// <remarks>
/// Layout, little-endian: magic <c>"HRTHGST\0"</c>, version (32 bits), length of the header (32), the header
/// (<see cref="SavedGuestHeader"/>), RAM (<see cref="RamImage"/>), the machine (<see cref="MachineState"/>). Version 1 had RAM behind the machine; version 2
/// said nothing of firmware.
/// </remarks>
internal sealed class SavedGuest
{
    private const uint Version = 3;
    private const uint MaximumHeaderLength = 4096;
    private const int PrefixLength = 16;

    private readonly Stream _rest;

    private SavedGuest(SavedGuestHeader header, Stream rest)
    {
        Header = header;
        _rest = rest;
    }

    private static ReadOnlySpan<byte> Magic => "HRTHGST\0"u8;

    public SavedGuestHeader Header { get; }

    /// <summary>Writes a paused machine.</summary>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public static void Write(GuestMachine machine, Stream to)
    {
        using var writer = new SavedGuestWriter(machine, to);
        _ = writer.TryWriteMemory(() => false);
        writer.Finish();
    }

    /// <summary>Writes what comes before everything else.</summary>
    /// <exception cref="IOException">The stream cannot take it.</exception>
    public static void WriteHeader(SavedGuestHeader what, Stream to)
    {
        var header = new StateWriter();
        what.Save(header);
        Span<byte> prefix = stackalloc byte[PrefixLength];
        Magic.CopyTo(prefix);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[8..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[12..], (uint)header.Written.Length);
        to.Write(prefix);
        to.Write(header.Written.Span);
    }

    /// <summary>Reads the header; the rest is read by <see cref="Restore"/>.</summary>
    /// <param name="from">Stays open until then.</param>
    /// <param name="name">How messages call it.</param>
    /// <exception cref="SavedStateException">This is no saved guest, or one of another version.</exception>
    public static SavedGuest Open(Stream from, string name)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength];
        if (from.ReadAtLeast(prefix, PrefixLength, throwOnEndOfStream: false) < PrefixLength || !prefix.StartsWith(Magic))
            throw new SavedStateException($"{name} is no saved guest");
        uint version = BinaryPrimitives.ReadUInt32LittleEndian(prefix[8..]);
        if (version != Version)
            throw new SavedStateException($"{name} has format version {version}; version {Version} is known here");
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(prefix[12..]);
        if (length > MaximumHeaderLength)
            throw new SavedStateException($"{name} is damaged: its header is too long");
        var header = new byte[length];
        if (from.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length)
            throw new SavedStateException($"{name} is cut short");
        return new SavedGuest(SavedGuestHeader.Load(new StateReader("guest", header)), from);
    }

    /// <summary>Brings a machine that was just composed to the saved state.</summary>
    /// <exception cref="SavedStateException">The state is damaged, cut short, or of a machine with other devices.</exception>
    public void Restore(GuestMachine machine)
    {
        RamImage.Read(_rest, machine.Ram);
        machine.Apply(MachineState.ReadFrom(_rest));
    }

    /// <summary>As <see cref="Restore"/>, of a guest whose memory is kept elsewhere (<see cref="SavedMachine"/>).</summary>
    /// <inheritdoc cref="Restore"/>
    public void RestoreWithoutMemory(GuestMachine machine) => machine.Apply(MachineState.ReadFrom(_rest));
}
