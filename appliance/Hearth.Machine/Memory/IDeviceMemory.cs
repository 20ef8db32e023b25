namespace Hearth.Machine;

/// <summary>
/// Memory of a device that the guest reads and writes as it does RAM, without leaving its code: a frame buffer.
/// The guest sees it where the device places it, and other devices never.
/// </summary>
public interface IDeviceMemory
{
    /// <summary>Bytes, a power of two.</summary>
    int Length { get; }

    /// <summary>Where the guest finds it from now on, a multiple of its length; null for nowhere. From any thread, with any lock held.</summary>
    /// <remarks>What is reserved for RAM and for the board's fixed devices is nowhere, too. Every page counts as written then.</remarks>
    void Place(ulong? address);

    /// <summary>Copies out of it; the range lies inside.</summary>
    void Read(int offset, Span<byte> to);

    /// <summary>Copies into it; the range lies inside. The pages count as written.</summary>
    void Write(int offset, ReadOnlySpan<byte> from);

    /// <summary>Makes all of it zeros. Every page counts as written.</summary>
    void Clear();

    /// <summary>Finds the next page that may hold something other than zeros.</summary>
    /// <param name="page">Where to look from on; becomes that page's number.</param>
    /// <returns>False when there is none.</returns>
    bool TryFindUsed(ref int page);

    byte ReadByte(int offset);

    void WriteByte(int offset, byte value);

    /// <summary>Four bytes, little-endian; the offset is a multiple of four.</summary>
    uint ReadUInt32(int offset);

    /// <inheritdoc cref="ReadUInt32"/>
    void WriteUInt32(int offset, uint value);

    /// <summary>
    /// Adds the pages that were written since this was called last, by whomever. Writes before it are in what is read after it; later ones are told the next time.
    /// No lock is held that a vCPU may wait for: all of them may have to step out of the guest's code.
    /// </summary>
    /// <param name="into">Of as many pages as this memory has.</param>
    void TakeWritten(PageSet into);
}
