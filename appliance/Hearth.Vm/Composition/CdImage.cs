using Hearth.Machine;
using Hearth.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Hearth.Vm.Composition;

/// <summary>The image of a CD or DVD.</summary>
internal static class CdImage
{
    /// <summary>Where the first volume descriptor has its identifier (ECMA-119, section 8.1): behind 16 sectors and the descriptor's type.</summary>
    private const long IdentifierOffset = (16 * 2048) + 1;

    private static ReadOnlySpan<byte> Identifier => "CD001"u8;

    /// <summary>Looks whether a file is one.</summary>
    /// <exception cref="MachineException">It is not.</exception>
    public static void Require(OpenFile file)
    {
        using var handle = new SafeFileHandle(file.Descriptor, ownsHandle: false);
        Span<byte> found = stackalloc byte[Identifier.Length];
        try
        {
            int length = RandomAccess.Read(handle, found, IdentifierOffset);
            if (!found[..length].SequenceEqual(Identifier))
                throw new MachineException($"{file.Name} is no CD image: it has no ISO 9660 volume descriptor at byte {IdentifierOffset - 1}");
        }
        catch (IOException error)
        {
            throw new MachineException($"{file.Name} cannot be read: {error.Message}", error);
        }
    }
}
