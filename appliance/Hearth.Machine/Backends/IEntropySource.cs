namespace Hearth.Machine;

/// <summary>Random bytes of cryptographic quality.</summary>
public interface IEntropySource
{
    void Fill(Span<byte> buffer);
}
