namespace Hearth.Machine;

/// <summary>A stream of bytes between a vsock device and a program on the host. Every call returns at once, from any thread.</summary>
public interface IVsockStream
{
    /// <summary>What bytes moved means when none did: the program is gone, or says no more.</summary>
    const int Ended = -1;

    /// <summary>The device's own number for it.</summary>
    int Tag { get; set; }

    /// <summary>The guest took the connection that the program asked for.</summary>
    /// <param name="port">The host's end.</param>
    void Confirm(uint port);

    /// <returns>The bytes taken, 0 when there is no room now, or <see cref="Ended"/>.</returns>
    int Send(ReadOnlySpan<byte> bytes);

    /// <returns>The bytes given, 0 when there is nothing now, or <see cref="Ended"/>.</returns>
    int Receive(Span<byte> to);

    /// <summary>Asks to be told once when there is something to receive, or room to send.</summary>
    void Await(bool input, bool room);

    /// <summary>Nothing more is sent.</summary>
    void EndSend();

    /// <summary>Nothing more is sent or received; the device forgets the stream.</summary>
    void Close();
}
