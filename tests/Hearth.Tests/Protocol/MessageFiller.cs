using System.Collections;
using System.Reflection;

namespace Hearth.Tests.Protocol;

/// <summary>Makes a message in which every property, and every property of what it consists of, has a value of its own that is not the default one.</summary>
internal sealed class MessageFiller
{
    private int _last;

    public T Fill<T>() => (T)Fill(typeof(T));

    /// <summary>Every value in a message, with the way to it.</summary>
    public static IEnumerable<string> Describe(object? value, string way = "")
    {
        if (value is null or string or bool or Enum || value.GetType().IsPrimitive)
            return [$"{way} = {value ?? "null"}"];
        return value is IEnumerable list
            ? list.Cast<object?>().SelectMany((each, i) => Describe(each, $"{way}[{i}]"))
            : PropertiesOf(value.GetType()).SelectMany(property => Describe(property.GetValue(value), $"{way}.{property.Name}"));
    }

    private static IEnumerable<PropertyInfo> PropertiesOf(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite);

    private object Fill(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
            return $"text {++_last} \"ü\"";
        if (type == typeof(bool))
            return true;
        if (type.IsEnum)
            return Enum.GetValues(type).GetValue((++_last % (Enum.GetValues(type).Length - 1)) + 1)!;
        if (type.IsPrimitive)
            return Convert.ChangeType(++_last, type, null);
        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
            return FillList(type.GenericTypeArguments[0]);
        return FillRecord(type);
    }

    private Array FillList(Type type)
    {
        var list = Array.CreateInstance(type, 2);
        list.SetValue(Fill(type), 0);
        list.SetValue(Fill(type), 1);
        return list;
    }

    private object FillRecord(Type type)
    {
        ConstructorInfo constructor = type.GetConstructors().MaxBy(each => each.GetParameters().Length)!;
        object filled = constructor.Invoke([.. constructor.GetParameters().Select(parameter => Fill(parameter.ParameterType))]);
        foreach (PropertyInfo property in PropertiesOf(type))
        {
            if (constructor.GetParameters().All(parameter => parameter.Name != property.Name))
                property.SetValue(filled, Fill(property.PropertyType));
        }

        return filled;
    }
}
