using System.Buffers.Binary;

namespace Hearth.Linux.Jail;

/// <summary>What a jailed program does when it has been given all that it needs, and before it looks at anything that is not its starter's.</summary>
public static class JailSeal
{
    private static Task? s_preparation;

    /// <summary>Begins with what <see cref="Complete"/> needs, on a thread of its own: a program that knows that it will be sealed does something else meanwhile.</summary>
    public static void Prepare()
    {
        s_preparation = Task.Factory.StartNew(RuntimePreparation.Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>
    /// Has the root emptied and restricts all threads to the system calls of the filter. From here on no file can be opened: what the program
    /// has not loaded it never will. All assemblies that it refers to are loaded before that; shared libraries of theirs are not, unless they were used.
    /// </summary>
    /// <param name="sealSocket">What <see cref="JailRequest.SealNumber"/> says; closed afterwards.</param>
    /// <returns>What has been put in place.</returns>
    /// <exception cref="LinuxException">The root could not be emptied though there are namespaces for it, or the kernel has no filters.</exception>
    public static JailLayers Complete(FileDescriptor sealSocket, SeccompFilter filter)
    {
        ArgumentNullException.ThrowIfNull(sealSocket);
        ArgumentNullException.ThrowIfNull(filter);
        if (s_preparation is { } preparation)
            preparation.GetAwaiter().GetResult();
        else
            RuntimePreparation.Run();
        JailLayers layers = EmptyRoot(sealSocket);
        sealSocket.Dispose();
        filter.Install();
        return layers | JailLayers.SystemCalls;
    }

    private static JailLayers EmptyRoot(FileDescriptor sealSocket)
    {
        // A record like those of LaunchReport: an address, here of no use, and an error number, 0 when all went well.
        Span<byte> answer = stackalloc byte[sizeof(ulong)];
        try
        {
            sealSocket.Write([1]);
            if (sealSocket.Read(answer) != answer.Length)
                return JailLayers.None;
        }
        catch (LinuxException error) when (error.IsUnheard)
        {
            // There is no first process: this host has no namespaces.
            return JailLayers.None;
        }

        int errorNumber = BinaryPrimitives.ReadInt32LittleEndian(answer[sizeof(uint)..]);
        return errorNumber == 0 ? JailLayers.EmptyRoot : throw new LinuxException("cannot empty the root", errorNumber);
    }
}
