using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Hearth.Linux.Jail;

/// <summary>What the runtime otherwise opens when it needs it for the first time, and cannot open any more once no path can be opened.</summary>
internal static class RuntimePreparation
{
    /// <summary>Refers to the whole class library, nearly all of which nobody here uses.</summary>
    private const string Facade = "netstandard";

    private const int FirstTypeReference = 0x0100_0001;

    /// <summary>
    /// Loads all assemblies that the program refers to, directly or not, for code that is compiled later; and has the runtime open /dev/urandom,
    /// from which it takes identifiers and seeds. A program that was compiled into one beforehand needs the latter only.
    /// </summary>
    public static void Run()
    {
        // The class library's descriptor, and the runtime's own, which it opens for the identifier of a new module.
        _ = Guid.NewGuid();
        if (!RuntimeFeature.IsDynamicCodeSupported)
            return;
        _ = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(nameof(RuntimePreparation)), AssemblyBuilderAccess.RunAndCollect);
        if (Assembly.GetEntryAssembly() is { } program)
            LoadReferences(program);
    }

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "a program that was trimmed has no code that is compiled later, and does not come here")]
    private static void LoadReferences(Assembly program)
    {
        HashSet<string> seen = [];
        var open = new Queue<Assembly>([program]);
        while (open.TryDequeue(out Assembly? assembly))
        {
            foreach (AssemblyName name in assembly.GetReferencedAssemblies())
            {
                if (name.Name == Facade)
                    LoadTypes(assembly.ManifestModule, seen, open);
                else if (seen.Add(name.FullName) && TryLoad(name) is { } reference)
                    open.Enqueue(reference);
            }
        }
    }

    /// <summary>Loads the types that a module refers to, and with them the assemblies that the facade says they are in.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "as above")]
    private static void LoadTypes(Module module, HashSet<string> seen, Queue<Assembly> open)
    {
        for (int token = FirstTypeReference; ; token++)
        {
            try
            {
                Assembly assembly = module.ResolveType(token).Assembly;
                if (seen.Add(assembly.FullName!))
                    open.Enqueue(assembly);
            }
            catch (Exception error) when (error is TypeLoadException or FileNotFoundException)
            {
                // As with an assembly that is not there.
            }
            catch (ArgumentOutOfRangeException)
            {
                // That was the last one.
                return;
            }
        }
    }

    private static Assembly? TryLoad(AssemblyName name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (FileNotFoundException)
        {
            // A reference for another system, which nothing here uses: its loading would have failed without the jail as well.
            return null;
        }
    }
}
