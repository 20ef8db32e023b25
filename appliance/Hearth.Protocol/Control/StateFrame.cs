using System.Buffers.Binary;

namespace Hearth.Protocol;

/// <summary>A piece of a guest that is being saved, on its way from the guest's process to the supervisor. A stream of these ends with <see cref="StateFrameKind.End"/>.</summary>
/// <remarks>Little-endian: kind (32 bits), bytes that follow (32), a value (64).</remarks>
/// <param name="Kind">What follows.</param>
/// <param name="Length">Bytes that follow.</param>
/// <param name="Value">See <see cref="StateFrameKind"/>.</param>
public readonly record struct StateFrame(StateFrameKind Kind, int Length, long Value)
{
    public const int HeaderLength = 16;

    /// <summary>Bytes of a page.</summary>
    public const int PageLength = 4096;

    /// <summary>Pages in a frame at most.</summary>
    public const int MaximumPages = 16;

    /// <summary>Bytes of a part at most: what devices have beside memory.</summary>
    public const int MaximumPart = 256 << 20;

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, (int)Kind);
        BinaryPrimitives.WriteInt32LittleEndian(to[4..], Length);
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], Value);
    }

    /// <exception cref="FormatException">It cannot be.</exception>
    public static StateFrame Read(ReadOnlySpan<byte> from)
    {
        var frame = new StateFrame((StateFrameKind)BinaryPrimitives.ReadInt32LittleEndian(from), BinaryPrimitives.ReadInt32LittleEndian(from[4..]), BinaryPrimitives.ReadInt64LittleEndian(from[8..]));
        bool isPossible = frame.Kind switch
        {
            StateFrameKind.Pages => frame.Length is > 0 and <= MaximumPages * PageLength && frame.Length % PageLength == 0 && frame.Value >= 0,
            StateFrameKind.Machine => frame.Length is > 0 and <= MaximumPart && frame.Value == 0,
            StateFrameKind.End => frame.Length == 0,
            _ => false,
        };
        return isPossible ? frame : throw new FormatException("the guest's process sent what cannot be part of a state");
    }
}

/// <summary>What a <see cref="StateFrame"/> brings.</summary>
public enum StateFrameKind
{
    /// <summary>Pages of memory, one after the other; the value is the first one's number.</summary>
    Pages = 1,

    /// <summary>Processors and devices.</summary>
    Machine = 2,

    /// <summary>Nothing more comes; the value is the number of pages.</summary>
    End = 3,
}
