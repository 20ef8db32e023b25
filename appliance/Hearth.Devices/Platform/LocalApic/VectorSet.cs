using System.Numerics;

namespace Hearth.Devices.Platform.LocalApic;

/// <summary>A set of interrupt vectors: one of the 256-bit registers IRR, ISR and TMR.</summary>
internal sealed class VectorSet
{
    private readonly ulong[] _bits = new ulong[4];

    /// <summary>The highest vector in the set, or -1.</summary>
    public int Highest
    {
        get
        {
            for (int i = _bits.Length - 1; i >= 0; i--)
            {
                if (_bits[i] != 0)
                    return (i * 64) + BitOperations.Log2(_bits[i]);
            }

            return -1;
        }
    }

    public bool this[int vector]
    {
        get => (_bits[vector >> 6] >> vector & 1) != 0;
        set
        {
            ulong bit = 1UL << vector;
            ref ulong word = ref _bits[vector >> 6];
            word = value ? word | bit : word & ~bit;
        }
    }

    /// <summary>One of the eight 32-bit registers of the array.</summary>
    public uint Word(uint index) => (uint)(_bits[index >> 1] >> (int)((index & 1) * 32));

    public void Clear() => Array.Clear(_bits);

    /// <summary>The words as they are saved.</summary>
    public Span<ulong> Words => _bits;
}
